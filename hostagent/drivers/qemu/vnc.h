/* hostagent/drivers/qemu/vnc.h - `video.display: vnc`: password and number of the display. */
#pragma once

struct agent;

void vnc_start(struct agent *a);		/* nothing happens without such a display */
void vnc_end(struct agent *a);
