/* The C ABI of native plugins for tpo, version 1.
 *
 * A native plugin is a shared library with the same roles as a component. It runs inside tpo's process without a
 * sandbox, so tpo loads one only with `--allow-native`. Prefer a component unless the plugin needs what a sandbox does
 * not offer, such as a GPU.
 *
 * Texts are UTF-8 and need no final zero. Items and outcomes are JSON arrays of the records in tpo's `wit/`, with field
 * names in snake_case and cases in PascalCase, and one outcome per item, in the order of the items. For the role `judge`
 * an item is
 *   {"instruction": {"id": "7", "messages": [{"role": "user", "content": "Hi"}], "category": null, "reference": null,
 *    "metadata": []}, "responses": ["Hello!"]}
 * and its outcome
 *   [{"Score": {"value": 0.5, "rationale": null, "aspects": [], "extra": []}}]
 * For the role `pairwise-judge` an item has an `instruction`, the response `first` and the response `second`, and its
 * outcome is
 *   {"preference": "First", "strength": "Slight", "first_probability": 0.8, "rationale": null, "extra": []}
 * where `preference` is "First", "Second", "Tie" or {"Unscored": "the reason"}. `strength` ("Slight" or "Strong", never
 * with a tie or without a verdict) and `first_probability` (from 0 to 1) may be null.
 * For the role `thought-template` an item has an `instruction`, a `thought_budget` in tokens (or null) and `extra`.
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

/* What `open` and `call` return. With anything but TPO_OK comes a text that says why. */
enum { TPO_OK = 0, TPO_INVALID_CONFIG = 1, TPO_INVALID_INPUT = 2, TPO_INTERNAL = 3 };

typedef struct tpo_plugin {
  uint32_t abi;  /* TPO_NATIVE_ABI */
  uint32_t size; /* sizeof(tpo_plugin) */
  /* A JSON object with `name`, `version`, `summary`, `license`, `config_schema` (JSON Schema) and `roles`, for example
   * ["judge"]; a judge's may also have `score_range`, as [0, 1]: see `metadata` in `wit/`. Valid for as long as the
   * library is loaded; never released. */
  tpo_text (*describe)(void);
  /* Makes an instance from a configuration (a JSON object). On TPO_OK `*instance` is set, else `*error`. */
  int32_t (*open)(tpo_text config, void **instance, tpo_text *error);
  /* Calls a role of an instance. On TPO_OK `*reply` is the JSON array of outcomes, else why the call failed. tpo calls
   * an instance from one thread at a time, but not always from the same thread. */
  int32_t (*call)(void *instance, tpo_text role, tpo_text items, tpo_text *reply);
  /* Frees a text that `open` or `call` returned. */
  void (*release)(tpo_text text);
  /* Destroys an instance. */
  void (*close)(void *instance);
} tpo_plugin;

/* The two symbols of a native plugin. tpo calls `tpo_native_abi` first. */
uint32_t tpo_native_abi(void);
const tpo_plugin *tpo_native_plugin(void);

#ifdef __cplusplus
}
#endif
#endif
