@"%~dp0watchpost-agent.exe" %*
