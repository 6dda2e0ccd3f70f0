/* base/line_diff.h - two texts of several lines, as people read what differs. */
#pragma once

struct buf;

/*
 * Appends, each behind `indent`: "- line" and "+ line" for what differs, "  line" for one line around it, and "  ..." for what is
 * passed over. Texts of more than a thousand lines in which more than that differs are told as gone and come.
 */
void line_diff(struct buf *out, const char *have, const char *want, const char *indent);
