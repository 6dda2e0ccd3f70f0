/*
 * guest/init/modules.h - kernel modules, in the order that the image's builder worked out.
 *
 * /lib/modules/order has a line "GROUP PATH [PARAMETERS]" per module, each behind those that it
 * depends on. A module that is already there, or that fails, does not stop the others.
 */
#pragma once

/* Loads those of one group. */
void modules_load(const char *group);
