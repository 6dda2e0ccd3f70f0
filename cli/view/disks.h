/* cli/view/disks.h - how the disks that a plan makes are made, and the bytes that costs, told before it is done. */
#pragma once

struct buf;
struct cJSON;
struct plan;

void disks_text(struct buf *out, const struct plan *p);		/* a line for each image that several stand on */
void disks_json(struct cJSON *root, const struct plan *p);	/* "disks": {"NAME": {"from", "how", "bytes"}}; bytes: of the image, where that is here already */
