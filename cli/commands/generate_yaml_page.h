/* cli/commands/generate_yaml_page.h - lima.yaml(5) and fleet.yaml(5), out of the tables of keys. */
#pragma once

struct buf;

/* Escapes text for man(7). */
void roff_escape(struct buf *b, const char *text);
void man_lima_yaml(struct buf *b);
void man_fleet_yaml(struct buf *b);
