"""What is practised beside the lessons: branching scenarios, pictures with hazards, and the cards carried along."""
