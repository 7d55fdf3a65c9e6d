/* The C ABI of native plugins for tpo, version 1.
 *
 * A native plugin is a shared library that plays the same roles as a component. It runs inside tpo's process with
 * nothing between it and the machine, so tpo loads one only with `--allow-native`. Prefer a component unless the plugin
 * needs what a sandbox cannot give, such as a GPU.
 *
 * Texts are UTF-8 and need no final zero. Items and outcomes are JSON arrays of the records in tpo's `wit/`, with field
 * names in snake_case and cases in PascalCase: for the role `judge` an item is
 *   {"instruction": {"id": "7", "messages": [{"role": "user", "content": "Hi"}], "category": null, "reference": null,
 *    "metadata": []}, "responses": ["Hello!"]}
 * and its outcome
 *   [{"Score": {"value": 0.5, "rationale": null, "aspects": [], "extra": []}}]
 * with one outcome per item, in the order of the items.
 */
#ifndef TPO_NATIVE_H
#define TPO_NATIVE_H

#include <stddef.h>
#include <stdint.h>

#define TPO_NATIVE_ABI 1u

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tpo_text {
  const uint8_t *data;
  size_t size; /* bytes */
} tpo_text;

/* What `open` and `call` return. Anything but TPO_OK comes with a text that says why. */
enum { TPO_OK = 0, TPO_INVALID_CONFIG = 1, TPO_INVALID_INPUT = 2, TPO_INTERNAL = 3 };

typedef struct tpo_plugin {
  uint32_t abi;  /* TPO_NATIVE_ABI */
  uint32_t size; /* sizeof(tpo_plugin) */
  /* A JSON object with `name`, `version`, `summary`, `license`, `config_schema` (JSON Schema) and `roles`, for example
   * ["judge"]. Valid for as long as the library is loaded; never released. */
  tpo_text (*describe)(void);
  /* Makes an instance from a configuration (a JSON object). On TPO_OK `*instance` is set, else `*error`. */
  int32_t (*open)(tpo_text config, void **instance, tpo_text *error);
  /* Asks an instance in a role. On TPO_OK `*reply` is the JSON array of outcomes, else why the call failed. tpo calls
   * an instance from one thread at a time, but not always from the same. */
  int32_t (*call)(void *instance, tpo_text role, tpo_text items, tpo_text *reply);
  /* Frees a text that `open` or `call` gave. */
  void (*release)(tpo_text text);
  /* Ends an instance. */
  void (*close)(void *instance);
} tpo_plugin;

/* The two symbols of a native plugin. tpo asks for the ABI before it asks for anything else. */
uint32_t tpo_native_abi(void);
const tpo_plugin *tpo_native_plugin(void);

#ifdef __cplusplus
}
#endif
#endif
