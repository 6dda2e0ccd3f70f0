/* state/desired/spec/schema.h - the table of keys for programs that read schemas, such as editors. */
#pragma once

struct buf;

/* Appends the JSON schema (draft 2020-12) of lima.yaml, indented by four blanks. */
void keys_schema(struct buf *out);
