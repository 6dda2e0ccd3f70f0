/*
 * guest/wire/exec_frame.h - a command in the guest, as limactl and the guest agent's runner say it to each other.
 *
 * Over a tunnel of the protocol "exec" (GA_EXEC), which the host agent passes on unread: frames of a type, a length of three bytes and so many
 * bytes. limactl begins with EXEC_COMMAND: strings with a NUL behind each, the user, the line for his shell, and "NAME=value" for his environment.
 * The runner answers EXEC_RUNS, or EXEC_NOT with a reason when the guest has something that only a login does, or no such user:
 * nothing has run then, and limactl logs in. From EXEC_RUNS on there is one way only. The last frame is EXEC_ENDED.
 *
 * Pure. Either side may be hostile: what is no frame, or too long, ends the conversation.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

enum exec_type {
	/* limactl's */
	EXEC_COMMAND = 'C',
	EXEC_INPUT = 'I',
	EXEC_INPUT_END = 'E',
	EXEC_SIGNAL = 'S',	/* a byte: its number in Linux, for all of the command's process group */
	/* the runner's */
	EXEC_RUNS = 'R',
	EXEC_NOT = 'N',		/* why */
	EXEC_OUTPUT = '1',
	EXEC_ERRORS = '2',
	EXEC_ENDED = 'X',	/* a byte: the exit status; 255 by a signal, as ssh has it */
};

#define EXEC_HEAD 4
#define EXEC_CHUNK (32 << 10)		/* of data in a frame, as either side sends it */
#define EXEC_FRAME_MAX (160 << 10)	/* of what either side takes */
#define EXEC_COMMAND_MAX (120 << 10)	/* a word of a command line has 128 KiB in Linux */

struct exec_frame {
	enum exec_type type;
	const uint8_t *p;
	size_t len;
};

void exec_frame_head(uint8_t out[EXEC_HEAD], enum exec_type type, size_t len);
void exec_frame_put(struct buf *b, enum exec_type type, const void *p, size_t len);
/* The frame at the beginning of `p`: its whole length, 0 if it is not all there, -1 if it is none. */
long exec_frame_get(const void *p, size_t len, struct exec_frame *out);

struct exec_command {
	const char *user, *line;
	const char *env;	/* each with its NUL; an empty one ends them */
};
/* Of a frame's bytes, into which `out` points. False: they are no command. */
bool exec_command_get(const struct exec_frame *f, struct exec_command *out);
