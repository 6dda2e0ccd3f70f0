/* providers/line_talk.h - one line to a machine's control socket, and the line that it answers with: "ok..." or why not. */
#pragma once

struct error;

enum { LINE_TALK_MAX = 256 };

/* The connection, once it was answered with "ok"; `line` is that answer, and what comes behind it is to be read there. `who` is for messages. */
int line_talk(const char *socket, const char *who, const char *words, int timeout_ms, char line[LINE_TALK_MAX], struct error *err);
