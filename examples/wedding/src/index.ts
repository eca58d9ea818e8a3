/** The wedding platform: dashboards, forms, photos, timelines and payments, as a service that uses every room. */
export {};
