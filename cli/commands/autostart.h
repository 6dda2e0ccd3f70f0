/* cli/commands/autostart.h - the registration of an instance with systemd, for commands that end it. */
#pragma once

struct cli;

/* Takes it away, if it is one for an instance of this home; failing is told as a warning. */
void autostart_forget(struct cli *c, const char *name);
