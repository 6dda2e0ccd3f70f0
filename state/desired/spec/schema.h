/* state/desired/spec/schema.h - the table of keys for programs that read schemas, such as editors. */
#pragma once

struct buf;

struct key;

/* The same of fleet files: `file` has its keys, `member` those of a member besides the keys of lima.yaml. */
void keys_schema_fleet(struct buf *out, const struct key *file, const struct key *member);
/* Appends the JSON schema (draft 2020-12) of lima.yaml, indented by four blanks. */
void keys_schema(struct buf *out);
