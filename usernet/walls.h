/* usernet/walls.h - what the switch may still do once it runs. */
#pragma once

struct error;

/* No capabilities; of files the network's folder and what a resolver reads; the system calls of a loop over sockets. */
int walls_raise_switch(const char *dir, struct error *err);
