/*
 * guest/init/root.h - the root file system: the image's files below, the data disk above.
 *
 * The initramfs stays as the read-only lower half of an overlay; everything that is
 * ever written, anywhere but in /run, /tmp, /dev and the like, lands on the data disk,
 * an ext4 file system labelled "tiny-data".
 */
#pragma once
#include "guest/init/block.h"

#define ROOT_LABEL "tiny-data"

/* /proc, /sys, /dev of the initramfs: the first thing to be done. */
void root_early(void);
/*
 * Puts the overlay together and makes it the root of this process. Without a data disk
 * that can be mounted the upper half is memory: the guest comes up, says so, and the
 * disk is left as it is for its owner to look at. `disk` is what was mounted, its path
 * "" for memory.
 */
void root_switch(int events, struct block_dev *disk);
/*
 * Grows the file system to its device, if that has become larger. Slow for a large
 * step (a second for 100 GiB, under emulation), so it is done while other things go on.
 */
void root_grow(const struct block_dev *disk);
/* Everything written, unmounted or read-only: fit for power-off. Other processes must be gone. */
void root_down(void);
