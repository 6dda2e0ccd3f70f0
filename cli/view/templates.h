/* cli/view/templates.h - the templates that `template:NAME` may mean. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "cli/cli.h"

struct template_entry {
	const char *name;	/* "debian-12", "experimental/x", "_images/ubuntu" */
	const char *path;
	bool hidden;		/* a part of the name begins with _: for other templates to stand on */
};

/* Of all template folders, the first of a name counts; sorted by name, in c->arena. */
struct template_entry *templates_list(struct cli *c, size_t *n);
