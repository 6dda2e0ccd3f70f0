/* cli/commands/yq_files.h - limactl yq: files that begin with YAML, and results that are files. */
#pragma once
#include "state/desired/yq/yq.h"

struct buf;
struct error;

/* Leaves of a text what stands before the second `---`, as pages of sites have it; `rest` (may be NULL) gets what is cut, from that line on. */
void yq_front_cut(struct buf *in, struct buf *rest);
/* Each part into a file of its name below this folder, with the end that fits the format where it has none; folders are made. */
int yq_parts_write(const struct yq_result *r, enum yq_format format, struct error *err);
