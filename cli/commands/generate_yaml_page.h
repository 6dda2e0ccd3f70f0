/* cli/commands/generate_yaml_page.h - lima.yaml(5), out of the table of keys. */
#pragma once

struct buf;

/* Escapes text for man(7). */
void roff_escape(struct buf *b, const char *text);
void man_lima_yaml(struct buf *b);
