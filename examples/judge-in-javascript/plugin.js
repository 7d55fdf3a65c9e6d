// A judge that prefers responses of about `words` words (60 by default).

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
      name: 'judge-in-javascript',
      version: '0.1.0',
      summary: 'Prefers responses of about the right length',
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

export const judge = {
  score(groups) {
    return reportingErrors(() => groups.map((group) => group.responses.map(judgment)));
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

function judgment(response) {
  // Compiled code matches a pattern; a loop over characters would be interpreted.
  const words = response.match(/\S+/g)?.length ?? 0;
  if (words === 0) return { tag: 'unscored', val: 'empty response' };
  const value = 1 / (1 + Math.abs(words - wanted) / wanted);
  return { tag: 'score', val: { value, rationale: undefined, aspects: [['words', words]], extra: [] } };
}
