/*
 * resources/spec_keys.h - for attributes whose value is a part of the configuration (spec_part(), state/desired/spec/spec.h):
 * what a difference costs, and each key that differs. Where nothing is known of what was, there is no difference.
 */
#pragma once
#include "reconciler/resource.h"

enum cost judge_keys_update(const char *have, const char *want);
enum cost judge_keys_replace(const char *have, const char *want);
enum cost judge_keys_refuse(const char *have, const char *want);
void keys_each(const char *have, const char *want, detail_say *say, void *ctx);
