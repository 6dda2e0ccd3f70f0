/* guest/init/park.h - the guest waits in its boot, where it is nobody yet, to be saved and to be told what it is (base/park.h). */
#pragma once

/*
 * Returns at once where the machine has no port for that, or nobody listens there. From when this guest has said that it waits until it is
 * told, it is as it may be in others, too: nothing that is to be one guest's alone may have been made, read or guessed before.
 */
void park(void);
