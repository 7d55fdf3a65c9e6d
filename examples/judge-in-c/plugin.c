/* A judge that prefers responses of about `words` words (60 by default).
 *
 * `bindings/judge_plugin.h` is the contract in C; `tpo plugin build` writes it. A function here owns its arguments and
 * frees them; the bindings free what it returns, so every returned string is allocated. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "judge_plugin.h"

typedef judge_plugin_string_t string;

static double wanted = 60;

void exports_tpo_plugin_metadata_describe(exports_tpo_plugin_metadata_description_t *description) {
  judge_plugin_string_dup(&description->name, "judge-in-c");
  judge_plugin_string_dup(&description->version, "0.1.0");
  judge_plugin_string_dup(&description->summary, "Prefers responses of about the right length");
  judge_plugin_string_dup(&description->license, "Apache-2.0");
  judge_plugin_string_dup(&description->config_schema,
                          "{\"type\": \"object\", \"additionalProperties\": false, \"properties\": {\"words\": {\"type\": \"integer\", "
                          "\"minimum\": 1, \"default\": 60, \"description\": \"The preferred number of words.\"}}}");
  description->extra.ptr = NULL;
  description->extra.len = 0;
}

/* The configuration is JSON: `{}` or `{"words": 60}`. With more than one key, use a JSON library. */
bool exports_tpo_plugin_metadata_configure(string *config, exports_tpo_plugin_metadata_error_t *error) {
  char text[64];
  unsigned words = 0;
  int end = -1;
  int length = snprintf(text, sizeof text, "%.*s", (int)config->len, (const char *)config->ptr);
  judge_plugin_string_free(config);
  sscanf(text, " { } %n", &end);
  if (end == length) return true;
  end = -1;
  if (sscanf(text, " { \"words\" : %u } %n", &words, &end) == 1 && end == length && words > 0) {
    wanted = words;
    return true;
  }
  error->tag = TPO_PLUGIN_TYPES_ERROR_INVALID_CONFIG;
  judge_plugin_string_dup(&error->val.invalid_config, "the only key is `words`, a whole number from 1");
  return false;
}

static unsigned words_in(const string *text) {
  unsigned words = 0;
  bool inside = false;
  for (size_t at = 0; at < text->len; at++) {
    bool space = text->ptr[at] == ' ' || (text->ptr[at] >= '\t' && text->ptr[at] <= '\r');
    words += !space && !inside;
    inside = !space;
  }
  return words;
}

static void judge(const string *response, exports_tpo_plugin_judge_judgment_t *judgment) {
  unsigned words = words_in(response);
  if (words == 0) {
    judgment->tag = EXPORTS_TPO_PLUGIN_JUDGE_JUDGMENT_UNSCORED;
    judge_plugin_string_dup(&judgment->val.unscored, "empty response");
    return;
  }
  judgment->tag = EXPORTS_TPO_PLUGIN_JUDGE_JUDGMENT_SCORE;
  exports_tpo_plugin_judge_scored_t *scored = &judgment->val.score;
  *scored = (exports_tpo_plugin_judge_scored_t){.value = 1 / (1 + fabs(words - wanted) / wanted)};
  scored->aspects.len = 1;
  scored->aspects.ptr = malloc(sizeof *scored->aspects.ptr);
  judge_plugin_string_dup(&scored->aspects.ptr[0].f0, "words");
  scored->aspects.ptr[0].f1 = words;
}

bool exports_tpo_plugin_judge_score(exports_tpo_plugin_judge_list_group_t *groups,
                                    exports_tpo_plugin_judge_list_list_judgment_t *judgments,
                                    exports_tpo_plugin_judge_error_t *error) {
  (void)error;
  judgments->len = groups->len;
  judgments->ptr = malloc(groups->len * sizeof *judgments->ptr);
  for (size_t group = 0; group < groups->len; group++) {
    const judge_plugin_list_string_t *responses = &groups->ptr[group].responses;
    exports_tpo_plugin_judge_list_judgment_t *row = &judgments->ptr[group];
    row->len = responses->len;
    row->ptr = malloc(responses->len * sizeof *row->ptr);
    for (size_t at = 0; at < responses->len; at++) judge(&responses->ptr[at], &row->ptr[at]);
  }
  exports_tpo_plugin_judge_list_group_free(groups);
  return true;
}
