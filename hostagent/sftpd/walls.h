/*
 * hostagent/sftpd/walls.h - what the server of a folder gives up before it reads the first word of a guest's.
 *
 * jail.h already keeps every path below the folder. These hold when that, or what reads the requests, has a mistake: no
 * capability, no file but the folder's (Landlock), no call but those on files, and those that change files only where it is writable.
 */
#pragma once
#include <stdbool.h>

/* `folder` is the path of the open folder; NULL: links may lead out of it, so files stay within reach. -1 with errno. */
int walls_raise(const char *folder, bool writable);
