/* hostagent/mount/server_words.h - how a shared folder's server is started. */
#pragma once
#include "base/mem.h"
#include "hostagent/helper/child.h"

struct error;
struct sshfs_mount;

/* All but its descriptors; words in `a`; `dir` is the instance's. -1: OpenSSH's is wanted, and not there. */
int server_words(const struct sshfs_mount *m, const char *dir, struct arena *a, struct child_words *out, struct error *err);
