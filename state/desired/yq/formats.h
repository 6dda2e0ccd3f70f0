/* state/desired/yq/formats.h - trees to texts of other formats, and back; for the files of this folder only. */
#pragma once
#include "state/desired/yq/eval.h"

/* Readers give NULL where the text holds nothing. */
void csv_print(struct text *t, const struct ynode *n, char sep);
struct ynode *csv_read(struct eval *e, const char *s, size_t len, char sep);
void properties_print(struct text *t, const struct ynode *n, bool unwrap);
/* what stands before a document, as it is */
void properties_print_lead(struct text *t, const char *lead);
struct ynode *properties_read(struct eval *e, const char *s, size_t len);
void xml_print(struct text *t, const struct ynode *n, int indent);
struct ynode *xml_read(struct eval *e, const char *s, size_t len);
void shell_word_print(struct text *t, const struct ynode *n);
void uri_print(struct text *t, const struct ynode *n);
struct ynode *uri_read(struct eval *e, const char *s, size_t len);
void base64_print(struct text *t, const struct ynode *n);
struct ynode *base64_read(struct eval *e, const char *s, size_t len);
void variables_print(struct text *t, const struct ynode *n);
