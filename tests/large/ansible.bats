#!/usr/bin/env bats
# provision[] of mode ansible with the real ansible-playbook, in a guest that has python3: facts, files, becoming root.
load helper

setup_file() {
	guest_begin
	export ANSIBLE_LOCAL_TEMP=$WORK/ansible ANSIBLE_NOCOWS=1
	cat >"$WORK/play.yaml" <<-'END'
		- hosts: all
		  tasks:
		  - name: a file of root's, from facts and parameters
		    become: true
		    copy:
		      dest: /etc/played
		      content: "{{ ansible_distribution }} {{ ansible_user_id }} {{ inventory_hostname }} {{ lookup('env', 'PARAM_Color') }}\n"
		      mode: "0640"
		  - name: a file of the user's
		    copy: {dest: "~/played", content: "mine\n"}
	END
}

teardown_file() {
	apply --set 'del(.provision[] | select(.mode == "ansible"))' "$GUEST"
	guest sudo rm -f /etc/played
	guest_sh 'rm -f ~/played'
}

@test "a playbook is played on the running guest, which does not notice, and is not played again" {
	local pid
	pid=$(cat "$LIMA_HOME/$GUEST/qemu.pid")
	# not by the helper: += would add it to the second plan, too
	# an emulated guest takes its time to run so much Python
	LIMIT=400 limactl apply --set ".provision += [{\"mode\":\"ansible\",\"playbook\":\"$WORK/play.yaml\"}]" "$GUEST"
	[[ $(limactl plan "$GUEST") == *"Nothing to do"* ]]
	[ "$(cat "$LIMA_HOME/$GUEST/qemu.pid")" = "$pid" ]
	[ "$(guest sudo cat /etc/played)" = "Debian $(guest id -un) $GUEST green and blue" ]
	[ "$(guest stat -c '%U %a' /etc/played)" = 'root 640' ]
	[ "$(guest_sh 'cat ~/played; stat -c %U ~/played')" = $'mine\n'"$(guest id -un)" ]
	ansible-inventory -i "$LIMA_HOME/$GUEST/ansible-inventory.yaml" --list | jq -e ".lima.hosts == [\"$GUEST\"]"
}

@test "one that fails says what ansible said" {
	printf -- '- hosts: all\n  gather_facts: false\n  tasks:\n  - fail: {msg: "no such luck"}\n' >"$WORK/bad.yaml"
	LIMIT=400 run ! limactl apply --set ".provision += [{\"mode\":\"ansible\",\"playbook\":\"$WORK/bad.yaml\"}]" "$GUEST"
	[[ $output == *"no such luck"* && $output == *"$WORK/bad.yaml"* ]]
}
