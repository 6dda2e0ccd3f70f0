/*
 * base/change_class.h - what a change costs whoever uses the instance, as a word that programs can go by.
 *
 * In rising order: the dearest decides. Which key has which stands in the table of keys, which attribute in those of the types.
 */
#pragma once

enum change_class {
	CLASS_NOTHING,		/* nothing to do in the machine */
	CLASS_LIVE,		/* done while it runs */
	CLASS_GUEST_REBOOT,	/* the guest is told at boot: it boots anew */
	CLASS_RESTART,		/* the machine is restarted */
	CLASS_DISK,		/* work on a disk, for which the machine is down; its data stay */
	CLASS_REPLACE,		/* taken away and made anew */
	CLASS_CREATION,		/* mattered when it was made, and does nothing now */
	CLASS_REFUSED,		/* there is no way */
};

/* "nothing", "live", "guest-reboot", "machine-restart", "disk-work", "replace", "only-at-creation", "refused" */
const char *change_class_word(enum change_class c);
