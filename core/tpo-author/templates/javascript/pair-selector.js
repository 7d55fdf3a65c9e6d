// A pair selector: best against worst, if their scores are at least `margin` apart.

const schema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    margin: { type: 'number', minimum: 0, default: 0.1, description: 'The smallest difference between the scores of a pair.' },
  },
};

let margin = 0.1;

export const metadata = {
  describe() {
    return {
      name: 'a-new-plugin',
      version: '0.1.0',
      summary: 'Pairs best with worst where their scores differ enough',
      license: 'Apache-2.0',
      configSchema: JSON.stringify(schema),
      extra: [],
    };
  },

  configure(config) {
    const settings = JSON.parse(config);
    for (const key of Object.keys(settings)) {
      if (!(key in schema.properties)) refuse(`unknown key \`${key}\`; the only key is \`margin\``);
    }
    margin = settings.margin ?? margin;
    if (typeof margin !== 'number' || margin < 0) refuse('`margin` is a number from 0');
  },
};

// Throws an error of the contract. An `Error` object would end the instance without its message.
function refuse(why) {
  throw { tag: 'invalid-config', val: why };
}

export const pairSelector = {
  select(groups) {
    return reportingErrors(() => groups.map(select));
  },
};

// Runs `work`. Only an error of the contract reaches the user with its message, so every `Error` becomes one.
function reportingErrors(work) {
  try {
    return work();
  } catch (error) {
    throw { tag: 'internal', val: `${error}\n${error.stack ?? ''}` };
  }
}

function select(group) {
  const scores = group.candidates
    .map(({ status }, index) => ({ status, index }))
    .filter(({ status }) => status.tag === 'scored')
    .sort((a, b) => a.status.val - b.status.val);
  if (scores.length > 1) {
    const [worst, best] = [scores[0], scores[scores.length - 1]];
    const gap = best.status.val - worst.status.val;
    if (gap > 0 && gap >= margin) {
      return { pairs: [{ chosen: best.index, rejected: worst.index, extra: [] }], dropped: undefined, extra: [] };
    }
  }
  return { pairs: [], dropped: 'scores are too close', extra: [] };
}
