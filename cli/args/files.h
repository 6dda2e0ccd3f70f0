/* cli/args/files.h - files in the place of names, and the file that is meant where nothing is named. */
#pragma once
#include <stddef.h>
#include "cli/cli.h"

struct error;

/* --file and --all, of the commands that ask files_default(). */
extern const struct flag file_flags[];

/*
 * What a command is about: its arguments and --file; without both the first of fleet.yaml and lima.yaml in this folder, as
 * make and compose do. In the folder of an instance that is the instance itself. NULL-terminated, in c->arena; `*n` is 0 where
 * nothing was named and nothing found, or --all was given.
 */
int files_arguments(struct cli *c, char ***out, size_t *n, struct error *err);
/* The same of a folder that was named to `apply`: its fleet.yaml or lima.yaml, else every *.yaml in it, by name; NULL-terminated. */
int files_of_folder(struct cli *c, const char *dir, char ***out, struct error *err);
/*
 * In the arguments, a file becomes the name of the instance that it makes, made already or not: `stop web.yaml`. What ends
 * like a file and is neither that nor stands for an instance is an error.
 */
int files_to_names(struct cli *c, struct error *err);
/* The same of a single word, which may be a part of an argument: of `web.yaml:/etc/hosts`, `web.yaml,db.yaml`. */
int file_to_name(struct cli *c, const char **word, struct error *err);
/* "fleet.yaml or lima.yaml" */
#define FILES_DEFAULT "fleet.yaml or lima.yaml"
