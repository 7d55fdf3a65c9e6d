/* A native judge in C that prefers responses of about `words` words (40 by default).
 *
 * It reads tpo's JSON with a small scanner, which is enough for an example. A real plugin would use a JSON library. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tpo_native.h"

/* ---- a growing text ---- */

typedef struct {
  char *data;
  size_t size, room;
} buffer;

static void append(buffer *out, const char *format, ...) {
  char piece[256];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(piece, sizeof piece, format, arguments);
  va_end(arguments);
  if (out->size + (size_t)length > out->room) {
    out->room = (out->size + (size_t)length) * 2;
    out->data = realloc(out->data, out->room);
    if (!out->data) abort();
  }
  memcpy(out->data + out->size, piece, (size_t)length);
  out->size += (size_t)length;
}

static tpo_text give(buffer out) { return (tpo_text){(const uint8_t *)out.data, out.size}; }

static int32_t fail(int32_t status, tpo_text *reply, const char *why) {
  buffer out = {0};
  append(&out, "%s", why);
  *reply = give(out);
  return status;
}

/* ---- the parts of JSON that this plugin needs: functions return 0 if the text is something else ---- */

typedef struct {
  const char *at, *end;
} scanner;

static char peek(scanner *s) {
  while (s->at < s->end && strchr(" \t\r\n", *s->at)) s->at++;
  return s->at < s->end ? *s->at : 0;
}

static int take(scanner *s, char c) {
  if (peek(s) != c) return 0;
  s->at++;
  return 1;
}

/* The characters between the quotes; escapes are not decoded. */
static int string(scanner *s, const char **data, size_t *size) {
  if (!take(s, '"')) return 0;
  *data = s->at;
  while (s->at < s->end && *s->at != '"') s->at += *s->at == '\\' ? 2 : 1;
  if (s->at >= s->end) return 0;
  *size = (size_t)(s->at++ - *data);
  return 1;
}

static int skip(scanner *s) {
  const char *data;
  size_t size;
  char c = peek(s);
  if (c == '"') return string(s, &data, &size);
  if (c == '[' || c == '{') {
    char close = c == '[' ? ']' : '}';
    s->at++;
    while (!take(s, close)) {
      if (c == '{' && !(string(s, &data, &size) && take(s, ':'))) return 0;
      if (!skip(s)) return 0;
      if (peek(s) != close && !take(s, ',')) return 0;
    }
    return 1;
  }
  while (s->at < s->end && !strchr(",]} \t\r\n", *s->at)) s->at++;
  return 1;
}

static int words_in(const char *data, size_t size) {
  int words = 0, inside = 0;
  for (size_t at = 0; at < size; at++) {
    int escaped = data[at] == '\\' && at + 1 < size;
    int space = data[at] == ' ' || (escaped && strchr("nrt", data[at + 1]));
    words += !space && !inside;
    inside = !space;
    at += (size_t)escaped;
  }
  return words;
}

/* ---- the judge ---- */

typedef struct {
  double words;
} judge;

/* The responses of one group, as an array of judgments. */
static int judge_responses(const judge *judge, scanner *s, buffer *out) {
  const char *response;
  size_t size;
  if (!take(s, '[')) return 0;
  append(out, "[");
  for (int first = 1; !take(s, ']'); first = 0) {
    if (!first && !take(s, ',')) return 0;
    if (!string(s, &response, &size)) return 0;
    double words = words_in(response, size);
    double value = 1 / (1 + fabs(words - judge->words) / judge->words);
    append(out, "%s{\"Score\":{\"value\":%.17g,\"rationale\":null,\"aspects\":[[\"words\",%g]],\"extra\":[]}}",
           first ? "" : ",", value, words);
  }
  append(out, "]");
  return 1;
}

static int judge_groups(const judge *judge, scanner *s, buffer *out) {
  const char *key;
  size_t size;
  if (!take(s, '[')) return 0;
  append(out, "[");
  for (int first = 1; !take(s, ']'); first = 0) {
    if (!first && !(take(s, ',') && (append(out, ","), 1))) return 0;
    if (!take(s, '{')) return 0;
    while (!take(s, '}')) {
      if (!(string(s, &key, &size) && take(s, ':'))) return 0;
      int ok = size == 9 && !memcmp(key, "responses", 9) ? judge_responses(judge, s, out) : skip(s);
      if (!ok || (peek(s) != '}' && !take(s, ','))) return 0;
    }
  }
  append(out, "]");
  return 1;
}

static tpo_text describe(void) {
  static const char text[] =
      "{\"name\":\"native-length\",\"version\":\"0.1.0\",\"summary\":\"Prefers responses of about the right length\","
      "\"license\":\"Apache-2.0\",\"roles\":[\"judge\"],\"config_schema\":{\"type\":\"object\",\"properties\":"
      "{\"words\":{\"type\":\"number\",\"exclusiveMinimum\":0,\"description\":\"The preferred number of words.\"}}}}";
  return (tpo_text){(const uint8_t *)text, sizeof text - 1};
}

static int32_t open_judge(tpo_text config, void **instance, tpo_text *error) {
  scanner s = {(const char *)config.data, (const char *)config.data + config.size};
  judge made = {40};
  const char *key;
  size_t size;
  if (!take(&s, '{')) return fail(TPO_INVALID_CONFIG, error, "the configuration is not an object");
  while (!take(&s, '}')) {
    if (!(string(&s, &key, &size) && take(&s, ':'))) return fail(TPO_INVALID_CONFIG, error, "it is not JSON");
    if (size != 5 || memcmp(key, "words", 5)) return fail(TPO_INVALID_CONFIG, error, "the only key is `words`");
    made.words = peek(&s) ? atof(s.at) : 0;
    if (!skip(&s)) return fail(TPO_INVALID_CONFIG, error, "it is not JSON");
    take(&s, ',');
  }
  if (!(made.words > 0)) return fail(TPO_INVALID_CONFIG, error, "`words` is not a positive number");
  judge *kept = malloc(sizeof *kept);
  if (!kept) return fail(TPO_INTERNAL, error, "no memory");
  *kept = made;
  *instance = kept;
  return TPO_OK;
}

static int32_t call(void *instance, tpo_text role, tpo_text items, tpo_text *reply) {
  if (role.size != 5 || memcmp(role.data, "judge", 5)) return fail(TPO_INVALID_INPUT, reply, "it is only a judge");
  scanner s = {(const char *)items.data, (const char *)items.data + items.size};
  buffer out = {0};
  if (!judge_groups(instance, &s, &out)) {
    free(out.data);
    return fail(TPO_INVALID_INPUT, reply, "the groups are not as expected");
  }
  *reply = give(out);
  return TPO_OK;
}

static void release(tpo_text text) { free((void *)text.data); }

static void close_judge(void *instance) { free(instance); }

uint32_t tpo_native_abi(void) { return TPO_NATIVE_ABI; }

const tpo_plugin *tpo_native_plugin(void) {
  static const tpo_plugin plugin = {
      TPO_NATIVE_ABI, sizeof(tpo_plugin), describe, open_judge, call, release, close_judge,
  };
  return &plugin;
}
