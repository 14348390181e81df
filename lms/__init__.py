"""网格学堂 Grid Academy: training and onboarding for community grid staff."""
