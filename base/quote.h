/*
 * base/quote.h - text made safe to stand in a message, a log line, JSON or a command line.
 *
 * All append to `out`. Input is any bytes; what is not UTF-8 is escaped or replaced.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/*
 * Go's strconv.Quote: "..." with \" \\ \n \t \x1b \u00ad. Log lines of lima-vm/lima (logrus)
 * and its messages (%q) are written so, and scripts compare them.
 */
void quote_go(struct buf *out, const char *s);
/* Go's %#q: `...`, or as quote_go when the text has a backtick or a control character. */
void quote_tick(struct buf *out, const char *s);
/* A JSON string, "...". `html`: also < > & as \u003c, which Go's encoding/json does by default. */
void quote_json(struct buf *out, const char *s, bool html);
/* "KEY":  of an object that is being written, behind its `{` or, with a comma, behind another member; and a whole member */
void quote_json_key(struct buf *out, const char *key);
void quote_json_member(struct buf *out, const char *key, const char *text);
/*
 * One word of a POSIX shell command: bare if it consists of [A-Za-z0-9_@%+=:,./-], '' if
 * empty, else in single quotes with ' as '"'"'.
 */
void quote_shell(struct buf *out, const char *s);

/*
 * What a guest, a server or a template says, for a terminal: without control sequences (colours, titles, the
 * clipboard), and with `?` for every other control character but line breaks and tabs, for what turns the direction
 * of text and for what is not UTF-8. `s` ends with a NUL behind the `n` bytes.
 */
void quote_terminal(struct buf *out, const char *s, size_t n);

/*
 * One character from UTF-8: its length in bytes, 1 to 4, and the code point; for a byte
 * that begins no character: 1 and 0xFFFD with *bad set.
 */
size_t utf8_next(const char *s, uint32_t *rune, bool *bad);
/* Would Go print it (unicode.IsPrint)? Letters, marks, numbers, symbols and the ASCII blank. */
bool utf8_printable(uint32_t rune);
