/*
 * cli/mcp/rpc.h - the Model Context Protocol: JSON-RPC 2.0, a message a line.
 */
#pragma once
#include <stddef.h>

struct buf;
struct guest;

/* The answer to one line, with its line break, appended to `out`; nothing for a notification. */
void rpc_answer(struct guest *g, const char *line, size_t len, struct buf *out);
