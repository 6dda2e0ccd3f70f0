/*
 * cli/look/trace.h - a run as Chrome's trace format has it, which Perfetto and chrome://tracing show.
 *
 * A process is an instance, the host, or the critical path, which comes first; its threads are rows of steps that do not overlap. Within
 * a boot are its phases; what a step waited for after it could have begun is an asynchronous slice of the category `wait`; arrows
 * follow the critical path. Times are microseconds since the run began.
 */
#pragma once

struct buf;
struct story;

void trace_text(struct buf *out, const struct story *s);
