#include "base/change_class.h"

const char *
change_class_word(enum change_class c)
{
	static const char *const words[] = {
		[CLASS_NOTHING] = "nothing", [CLASS_LIVE] = "live", [CLASS_GUEST_REBOOT] = "guest-reboot", [CLASS_RESTART] = "machine-restart",
		[CLASS_DISK] = "disk-work", [CLASS_REPLACE] = "replace", [CLASS_CREATION] = "only-at-creation", [CLASS_REFUSED] = "refused",
	};

	return words[c];
}
