/*
 * mountInotify is not on macOS: kqueue tells no names, and would take a descriptor for each file of the folder; FSEvents, which could, is no
 * part of what this is compiled against.
 */
#include "hostagent/mount/folder_watch.h"

#include <stddef.h>

#include "hostagent/agent.h"

struct changes *
changes_watch(struct agent *a, const char *location, const char *point)
{
	(void)location, (void)point;
	agent_trouble(a, "mountInotify", "mountInotify: not on macOS: what changes in a folder is not told to the guest");
	return NULL;
}

void
changes_look(struct changes *c)
{
	(void)c;
}

void
changes_forget(struct changes *c)
{
	(void)c;
}
