/* cli/commands/rejected.h - an edited lima.yaml that is wrong: it is kept for the user, and the old one stays. */
#pragma once
#include <stddef.h>

struct cli;
struct error;
struct spec;
struct template;

/* As spec_load(); what is refused goes to ./lima.REJECTED.yaml, which the message names. */
int load_or_keep(struct cli *c, const struct template *t, const char *name, struct spec **out, struct error *err);
/* For another reason to refuse it: keeps it and adds to err. -1. */
int keep_rejected(const struct template *t, struct error *err);
