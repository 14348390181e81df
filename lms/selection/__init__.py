"""选拔: rounds from 报名 to 备案: applications, opinions, list, public notice, approval, filing."""
