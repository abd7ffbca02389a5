"""The reminders' stores: MongoDB is the truth, with majority and journal; Redis carries and paces."""
