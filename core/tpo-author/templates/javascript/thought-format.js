// A thought format: asks for a thought, then `Answer:` and an answer, and splits the completion there.
//
// Template and parser are one component, so that they agree on the marker.

const MARKER = 'Answer:';
const REQUEST = 'Think about this first, in a few sentences. Then write `Answer:` followed by your answer.';

export const metadata = {
  describe() {
    return {
      name: 'a-new-plugin',
      version: '0.1.0',
      summary: 'Asks for a thought and then an answer',
      license: 'Apache-2.0',
      configSchema: JSON.stringify({ type: 'object', additionalProperties: false, properties: {} }),
      extra: [],
    };
  },

  configure(config) {
    for (const key of Object.keys(JSON.parse(config))) {
      // An error of the contract. An `Error` object would end the instance without its message.
      throw { tag: 'invalid-config', val: `unknown key \`${key}\`; this plugin has no configuration` };
    }
  },
};

export const thoughtTemplate = {
  render(requests) {
    return reportingErrors(() => requests.map(rendered));
  },
};

export const responseParser = {
  parse(completions) {
    return reportingErrors(() => completions.map(parsed));
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

function rendered({ instruction: { messages } }) {
  if (messages.length === 0) return { tag: 'err', val: 'no message' };
  const last = messages[messages.length - 1];
  const asked = { role: last.role, content: `${last.content}\n\n${REQUEST}` };
  const prompt = { prefill: undefined, trainedPrefill: undefined, stop: [], responseMarker: MARKER, extra: [] };
  return { tag: 'ok', val: { ...prompt, messages: [...messages.slice(0, -1), asked] } };
}

function parsed({ text }) {
  const at = text.indexOf(MARKER);
  if (at < 0) return { tag: 'err', val: 'no answer' };
  const response = text.slice(at + MARKER.length).trim();
  if (response === '') return { tag: 'err', val: 'empty answer' };
  return { tag: 'ok', val: { thought: text.slice(0, at).trim(), response } };
}
