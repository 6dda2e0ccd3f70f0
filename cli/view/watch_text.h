/* cli/view/watch_text.h - an event of the host agent as `limactl watch` tells it to people. Pure. */
#pragma once

struct buf;

/* One line for each thing that the event (JSON of ha.stdout.log) says: "TIME INSTANCE | WHAT". */
void watch_text(struct buf *out, const char *instance, const char *event);
