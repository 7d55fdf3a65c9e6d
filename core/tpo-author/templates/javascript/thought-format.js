// A thought format: asks for a thought and then an answer behind `Answer:`, and splits what was written there.
//
// Template and parser are one component, so that they cannot disagree about the marker.

const MARKER = 'Answer:';
const REQUEST = 'Think about this first, in a few sentences. Then write `Answer:` and your answer behind it.';

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
      // An error of the contract is thrown as its value; an `Error` would end the instance instead.
      throw { tag: 'invalid-config', val: `there is no key \`${key}\`; nothing can be configured` };
    }
  },
};

export const thoughtTemplate = {
  render(requests) {
    return telling(() => requests.map(rendered));
  },
};

export const responseParser = {
  parse(completions) {
    return telling(() => completions.map(parsed));
  },
};

// What `work` gives. An `Error` would end the instance without its words; as an error of the contract it is told.
function telling(work) {
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
