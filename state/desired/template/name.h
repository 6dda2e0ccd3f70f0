/* state/desired/template/name.h - names of instances, disks and networks. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct arena;
struct error;

enum { NAME_MAX_LEN = 76 };

/* What keeps `s` from being an identifier; NULL: nothing does. */
const char *identifier_fault(struct arena *a, const char *s);
/* The rules of instance names: an identifier, without .yaml or .yml behind. */
int name_check(const char *name, struct error *err);
/* Does it end in .yaml or .yml, in any case, so that it can be no name? */
bool name_is_of_file(const char *name);
/* Also: its sockets' paths below `home` must not be too long for the system. */
int name_check_new(const char *name, const char *home, struct error *err);
/*
 * The instance name that a path or URL suggests: its last part in lower case, without
 * .yaml; to free. ERR_INVALID if that is no identifier.
 */
int name_from_path(char **out, const char *path, struct error *err);
/* "lima-NAME" with dots and underscores as dashes; to free */
char *name_hostname(const char *name);
