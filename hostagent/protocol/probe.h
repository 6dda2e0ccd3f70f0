/*
 * hostagent/protocol/probe.h - a probe of the user's, in the words of both who ask it: the host agent of a guest that boots, and limactl of
 * one that runs.
 */
#pragma once

struct buf;

enum { PROBE_ID = 32 };			/* characters by which it is known: of what it is made */

void probe_id(const char *script, char out[PROBE_ID + 1]);
/* Lines of a shell in the guest that take the variables that it got after this connection had logged in, and the parameters of the template. */
extern const char probe_environment[];
/* The words that run it, which read the script on their standard input: what its first line says. */
void probe_interpreter(struct buf *b, const char *script);
