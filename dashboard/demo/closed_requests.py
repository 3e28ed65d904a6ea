"""The requests of the demo that have come to an end, in each of the ways there are."""

from dashboard.demo.stories import (
    Story,
    approve,
    booking,
    claim,
    give_up,
    note,
    order,
    race,
    reject,
    retry,
    too_late,
    withdraw,
)

TIMED_OUT = (
    Story(
        "night-shift",
        "Extra night shift on line 2",
        "3900",
        "rita",
        details={"People": "6", "Line": "2"},
        acts=(too_late(approve("maria", "manager", "Sorry, I was in the hall")),),
        program="shift-planning-line-2-night",
        more={"level_timeout_seconds": 1},
    ),
    Story(
        "spot-steel",
        "Steel at spot price, offer valid for a moment",
        "64000",
        "jonas",
        details={"Tonnes": "80", "Grade": "S355"},
        program="steel-market-offer-88213",
        more={"level_timeout_seconds": 1},
    ),
)

ACTION_HELPED = (
    Story(
        "drums",
        "Book in 40 drums of cutting oil",
        "5480",
        "olga",
        details={"Supplier": "Schmierstoffe Adler", "Store": "H3 east"},
        action=booking(),
        acts=(approve("maria", "manager"), retry("olga")),
    ),
    Story(
        "scrap",
        "Sell 14 t of scrap and book it out",
        "4130",
        "rita",
        details={"Buyer": "Metallhandel Kranz"},
        action=booking(99),
        acts=(
            approve("peter", "manager"),
            give_up("peter", "Booked by hand in the end, the warehouse system was away all day"),
        ),
    ),
)

APPROVED = (
    Story(
        "gloves",
        "Cut-resistant gloves, 300 pairs",
        "1740",
        "rita",
        "purchase",
        {"Vendor": "Arbeitsschutz Kern"},
        order("Arbeitsschutz Kern", 300),
        (approve("maria", "manager"),),
    ),
    Story(
        "conveyor-belt",
        "Conveyor belt for line 5",
        "27300",
        "jonas",
        "purchase",
        {"Vendor": "Förderband Ems", "Delivery": "3 weeks"},
        order("Förderband Ems"),
        (approve("peter", "manager", "The old one is patched twice"), approve("dirk", "director")),
    ),
    Story(
        "heat-recovery",
        "Heat recovery for the paint shop",
        "185000",
        "olga",
        details={"Vendor": "Wärmewerk Süd", "Saves": "41,000.00 € a year"},
        action=order("Wärmewerk Süd"),
        acts=(approve("maria", "manager"), approve("dirk", "director"), approve("vera", "vp", "Good one")),
    ),
    Story(
        "press",
        "Eccentric press, 250 t",
        "1120000",
        "rita",
        "purchase",
        {"Vendor": "Pressenbau Harz", "Pays back": "In 4 years"},
        order("Pressenbau Harz"),
        (
            approve("maria", "manager"),
            approve("dirk", "director"),
            approve("vera", "vp"),
            approve("carla", "ceo", "We have waited long enough for it"),
        ),
    ),
    Story(
        "customer-visit",
        "Visit to a customer in Gothenburg",
        "1890",
        "amira",
        "travel",
        {"Nights": "1"},
        acts=(approve("peter", "manager"),),
    ),
    Story(
        "backup",
        "Backup storage for the drawing office",
        "12400",
        "olga",
        "software",
        {"Vendor": "Datenhalle Nord"},
        note("Ordered from Datenhalle Nord"),
        (approve("maria", "manager"),),
    ),
    Story(
        "toner",
        "Paper and toner, second quarter",
        "860",
        "rita",
        details={"Vendor": "Büro Lindner"},
        action=order("Büro Lindner"),
        acts=(claim(approve("maria", "manager", "Approved in the old tool")),),
        program="old-tool-import-20417",
    ),
)

REJECTED = (
    Story(
        "espresso",
        "Espresso machine for the engineering floor",
        "6990",
        "jonas",
        details={"Vendor": "Kaffeekontor"},
        acts=(reject("maria", "manager", "A third of that buys a good one. Ask again with two offers."),),
    ),
    Story(
        "consultant",
        "Consultants for the shift model, 40 days",
        "72000",
        "amira",
        details={"Vendor": "Beratung Falk"},
        acts=(
            approve("peter", "manager"),
            reject("dirk", "director", "The works council must be heard first."),
        ),
    ),
    Story(
        "drone",
        "Drone to inspect the roofs",
        "11900",
        "rita",
        "purchase",
        {"Vendor": "Flugbild Ost"},
        order("Flugbild Ost"),
        race(
            reject("maria", "manager", "The roofer inspects as part of the repair."),
            approve("peter", "manager", "Handy for the halls, too"),
        ),
    ),
)

ENDED_OTHERWISE = (
    Story(
        "second-screen",
        "Second screens for six desks",
        "1320",
        "rita",
        details={"Vendor": "Büro Lindner"},
        acts=(withdraw("rita", "Found six in the store room."),),
    ),
    Story(
        "taxi",
        "Shuttle bus for the open day",
        "14800",
        "amira",
        "travel",
        {"Visitors": "About 900"},
        acts=(approve("maria", "manager"), withdraw("amira", "The town lends us two buses.")),
    ),
    Story(
        "bad-import",
        "Freight invoice with a negative amount",
        "-412.80",
        "",
        details={"Invoice": "FR-70113"},
        program="freight-invoice-FR-70113",
    ),
)

CLOSED = TIMED_OUT + ACTION_HELPED + APPROVED + REJECTED + ENDED_OTHERWISE
