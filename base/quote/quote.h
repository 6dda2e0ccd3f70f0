/*
 * base/quote/quote.h - text that becomes part of another language, whatever is in it: one function a language.
 *
 * All append to `out`. Input is any bytes but NUL; where a language is one of Unicode, what is not UTF-8 is escaped or
 * replaced. A function that returns false has appended nothing: the language cannot say that text. Each is held against
 * the program that reads the language (tests/unit/base/test_languages.c).
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
 * ssh_config(5): one argument of a directive, "...". False for a line break. quote_ssh_path() is for directives
 * whose value OpenSSH expands (IdentityFile, ControlPath, UserKnownHostsFile): % is %%; and since there is no way to
 * write ${, it is %k{, the alias of the host's key, which must be QUOTE_SSH_ALIAS for a path that needs it.
 */
bool quote_ssh(struct buf *out, const char *s);
bool quote_ssh_path(struct buf *out, const char *s);
bool quote_ssh_needs_alias(const char *path);
#define QUOTE_SSH_ALIAS "$"
/* A word of a systemd unit, "...", with specifiers: of Environment= and its like. */
void quote_systemd(struct buf *out, const char *s);
/* The program of ExecStart=, which systemd takes as it is only if there is no quote or backslash in its path. */
void quote_systemd_program(struct buf *out, const char *path);
/* A value in a list of options where commas are doubled. */
void quote_option(struct buf *out, const char *s);
/* A scalar of YAML, "...", that is a text in YAML 1.1 and 1.2: of cloud-init's files and Ansible's inventories. */
void quote_yaml(struct buf *out, const char *s);
/* Text of an XML document, in an element or an attribute. */
void quote_xml(struct buf *out, const char *s);
/* Text in the double quotes of a name or a label of Graphviz' language. */
void quote_dot(struct buf *out, const char *s);

/*
 * What a guest, a server or a template says, for a terminal: without control sequences (colours, titles, the
 * clipboard), and with `?` for every other control character but line breaks and tabs, for what turns the direction
 * of text and for what is not UTF-8. `s` ends with a NUL behind the `n` bytes.
 */
void quote_terminal(struct buf *out, const char *s, size_t n);
