#include "hostagent/os/calls.h"

const struct call_list calls_of_agent, calls_of_helper, calls_of_server, calls_of_writing_server;
