/* hostagent/drivers/fake/fake.h - the parts of the fake driver's half in the host agent. */
#pragma once
#include "hostagent/forward/transport.h"

transport_new transport_fake;		/* to a port that the fake machine plays */
