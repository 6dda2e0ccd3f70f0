/* cli/ssh/rsync.h - words for rsync(1) that several commands give it. */
#pragma once

struct argv;

/*
 * For files that come from a guest: nothing of what it made may be more on the host than bytes. No set-user-ID bits, devices
 * or owners; links that lead out of what is copied are left where they are (with -v rsync
 * names them).
 */
void rsync_wary(struct argv *a);
