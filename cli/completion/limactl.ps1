# PowerShell completion for limactl
# Candidates come from `limactl __complete WORD...`, the last word being the one to complete.

Register-ArgumentCompleter -Native -CommandName limactl -ScriptBlock {
	param($WordToComplete, $CommandAst, $CursorPosition)
	$Words = @($CommandAst.CommandElements | Where-Object { $_.Extent.EndOffset -le $CursorPosition } | ForEach-Object { "$_" })
	# before 7.3 an empty argument is lost on its way to a program, unless it has quotes of its own
	$Empty = if ($PSVersionTable.PSVersion -lt [version]"7.3" -or "$PSNativeCommandArgumentPassing" -eq "Legacy") { '""' } else { "" }
	if ($WordToComplete -eq "") { $Words += $Empty }
	$Prefix = ""
	if ($WordToComplete -match "^-[^=]*=") { $Prefix = $Matches[0] }
	$Program = $Words[0]
	& $Program @COMPLETE@ @($Words | Select-Object -Skip 1) 2>$null | Where-Object { $_ -notmatch "^:" } | ForEach-Object {
		$Name, $About = $_ -split "`t", 2
		if (-not $About) { $About = $Name }
		if ("$Prefix$Name" -like "$WordToComplete*") {
			[System.Management.Automation.CompletionResult]::new("$Prefix$Name", $Name, "ParameterValue", $About)
		}
	}
}
