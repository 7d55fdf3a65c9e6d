// A pairwise judge that prefers the response whose length is nearer to `words` words (60 by default).

const schema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    words: { type: 'integer', minimum: 1, default: 60, description: 'The preferred number of words.' },
  },
};

let wanted = 60;

export const metadata = {
  describe() {
    return {
      name: 'a-new-plugin',
      version: '0.1.0',
      summary: 'Prefers the response nearer to the right length',
      license: 'Apache-2.0',
      configSchema: JSON.stringify(schema),
      extra: [],
    };
  },

  configure(config) {
    const settings = JSON.parse(config);
    for (const key of Object.keys(settings)) {
      if (!(key in schema.properties)) refuse(`unknown key \`${key}\`; the only key is \`words\``);
    }
    wanted = settings.words ?? wanted;
    if (!Number.isInteger(wanted) || wanted < 1) refuse('`words` is a whole number from 1');
  },
};

// Throws an error of the contract. An `Error` object would end the instance without its message.
function refuse(why) {
  throw { tag: 'invalid-config', val: why };
}

export const pairwiseJudge = {
  compare(comparisons) {
    return reportingErrors(() => comparisons.map(verdict));
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

function verdict(comparison) {
  return {
    preference: { tag: preferred(comparison) },
    strength: undefined,
    firstProbability: undefined,
    rationale: undefined,
    extra: [],
  };
}

function preferred(comparison) {
  const [first, second] = [distance(comparison.first), distance(comparison.second)];
  if (first === second) return 'tie';
  return first < second ? 'first' : 'second';
}

function distance(response) {
  return Math.abs((response.match(/\S+/g)?.length ?? 0) - wanted);
}
