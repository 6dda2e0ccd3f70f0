# What of providers/ the host agent uses.
AGENT_EXTRA += $(addprefix providers/,launch.c launch_files.c json_table.c disk/image.c disk/image_vhdx.c disk/image_disk.c pidfile.c pidfile_doubt.c sock.c stop_ladder.c served.c written.c kept_back.c) $(addprefix providers/ssh/,ssh.c ssh_exec.c ssh_heap.c ssh_link.c ssh_channel.c ssh_session.c host_key.c)
# Of the drivers, what their halves here stand on.
AGENT_EXTRA += $(addprefix providers/drivers/qemu/,proc.c qmp.c qmp_session.c) providers/drivers/external/process.c
# limactl's side of the protocol
AGENT_NOT := $(addprefix hostagent/protocol/,ha_client.c ha_command.c ha_conditions.c ha_guest_file.c ha_start.c status.c)
