/* cli/ssh/shell_dir.h - in which folder of the guest `limactl shell` begins. */
#pragma once
#include "cli/view/instance.h"

struct buf;

/*
 * The folder of the host `path` (absolute) as the guest sees it through a mount, in `a`; NULL: no
 * mount has it. Symbolic links are resolved on both sides.
 */
const char *guest_path(struct instance *i, struct arena *a, const char *path);
/*
 * "cd DIR || exit 1" with a workdir; else the folder we are in, or the home folder, if the
 * guest has them mounted; else "false", which leaves the shell where the login put it.
 */
void shell_change_dir(const struct cli *c, struct instance *i, const char *workdir, struct buf *out);
