# What of providers/ the host agent uses.
AGENT_EXTRA += $(addprefix providers/,launch.c pidfile.c sock.c) $(addprefix providers/ssh/,ssh.c ssh_exec.c ssh_heap.c ssh_link.c ssh_session.c host_key.c)
# Of the driver, the half that its half here stands on.
AGENT_EXTRA += $(addprefix providers/drivers/qemu/,argv.c arch.c proc.c qmp.c)
# limactl's side of the protocol
AGENT_NOT := $(addprefix hostagent/protocol/,ha_client.c ha_start.c status.c)
